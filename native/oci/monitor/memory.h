// Gives back what setting up a container has used, for the long idle time after it.
#pragma once

namespace slipway::monitor {

void shrink_memory();

}  // namespace slipway::monitor
