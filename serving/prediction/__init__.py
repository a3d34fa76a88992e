"""What `qtf-predict` is made of: initial states by name, exact comparison, report, figure."""
