"""Models of other libraries, made networks: what a model does is read as data, never as code."""
