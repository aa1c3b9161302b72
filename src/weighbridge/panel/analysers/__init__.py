"""One module an analyser; what each must have is said in ``panel.analysers_for``."""
