"""The offline analyst: real work on files without a language model and without a key."""
