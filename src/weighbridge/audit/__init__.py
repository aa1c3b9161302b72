"""The audit, one module a step in the order of the flow: plan, ask, judge, scan, estimate (and then ``report``)."""
