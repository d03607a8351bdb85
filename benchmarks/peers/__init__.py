"""What `nets.py` and `gpu.py` compare: the nets, one file for each library, and the processes that run them."""
