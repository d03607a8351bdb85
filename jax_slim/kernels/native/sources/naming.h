// Names with the set of instructions in them that a source is compiled for: JAX_SLIM_NAMED(kernels_, JAX_SLIM_KERNELS) is
// kernels_avx2, JAX_SLIM_TEXT(JAX_SLIM_KERNELS) is "avx2".
#pragma once

#define JAX_SLIM_JOINED(begin, end) begin##end
#define JAX_SLIM_NAMED(begin, end) JAX_SLIM_JOINED(begin, end)
#define JAX_SLIM_QUOTED(name) #name
#define JAX_SLIM_TEXT(name) JAX_SLIM_QUOTED(name)
