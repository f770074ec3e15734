"""Pure numbers: numpy in, floats out."""
