"""The heart: default arguments by scope, names, variables, collections and the programs that own them."""
