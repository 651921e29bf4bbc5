"""Real suites before and after the edits that rescope would make: nothing that passed may fail."""
