"""What tests do to state, seen while they run. Here no code of the watched project is called, and no object of it is kept alive."""
