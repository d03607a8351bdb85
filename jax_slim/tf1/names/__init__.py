"""Which name of `tensorflow` is what here: dotted name -> 'room.file:attribute', a file for each family. Nothing is imported."""
