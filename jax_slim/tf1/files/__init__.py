"""What graphs, variables and summaries are on disk: GraphDef, MetaGraph, Saver's checkpoints."""
