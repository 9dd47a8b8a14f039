//! Looks, decides, acts, looks again; owns the ports that it needs.
