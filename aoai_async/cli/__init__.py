"""The command `aoai`: a thin layer over the library."""
