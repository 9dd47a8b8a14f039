//! Puts it together: config, adapters for the ports, HTTP handlers, start and drain.
