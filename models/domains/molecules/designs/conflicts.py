def check_design(spec): pass
