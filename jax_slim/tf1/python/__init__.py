"""What programs call: the functions and classes of `tf`, a file for each of its modules. They make nodes."""
