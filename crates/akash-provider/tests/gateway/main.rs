//! The client against a real TLS 1.3 server on loopback.

#[cfg(test)]
mod identity;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod server;
#[cfg(test)]
mod streams;
