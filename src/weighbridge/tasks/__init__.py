"""The scenarios: jobs that a developer would ask for, each with an oracle that attacks what a model wrote."""
