"""How each kind of effect is sent and looked up, one module per kind of vendor."""
