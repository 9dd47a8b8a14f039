//! The sandbox's chain from outside, over its sockets.

#[cfg(test)]
mod chain;
#[cfg(test)]
mod creation;
#[cfg(test)]
mod rpc;
