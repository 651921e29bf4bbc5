"""rescope's fixture graph beside pytest's own, edge by edge."""
