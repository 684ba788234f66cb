"""Published outputs and the figures that were published with them."""
