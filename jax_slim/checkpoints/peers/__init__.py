"""Other libraries' files: PyTorch's and Keras's formats, and what timm's, torchvision's and Keras's nets call things.

`torch_files` and `keras_files` read the formats under the names in them. `tables/*.toml` say which net of TF-Slim's
each peer's is and what its layers are called there; `tables` reads them. `recognizing` tells whose a file is, `mapping`
is that file under TF-Slim's names, and `writing` the way back.
"""
