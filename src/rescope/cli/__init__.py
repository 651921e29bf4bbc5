"""The command line: one file per command. Nothing here decides what is found or changed."""
