//! A market on this machine: a chain behind gRPC, and providers with a gateway and pods as local processes.
