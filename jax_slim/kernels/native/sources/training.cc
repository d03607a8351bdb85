// The kernels for training, for one set of instructions. Compiled once for each, with JAX_SLIM_KERNELS as their name.
#include "training.h"

#include "depthwise_gradients.h"
#include "naming.h"
#include "row_sums.h"

namespace jax_slim {

extern const TrainingKernels JAX_SLIM_NAMED(training_, JAX_SLIM_KERNELS){JAX_SLIM_TEXT(JAX_SLIM_KERNELS),
                                                                         inputs_by_channel, weights_by_channel,
                                                                         moments, gated_sums};

}  // namespace jax_slim
