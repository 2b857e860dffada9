"""Files of a version: reading, checking, copying and downloading them."""
