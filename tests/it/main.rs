//! The program from outside, in homes of its own: what needs no Ray, and so takes seconds. `tests/blackbox.sh` does the rest.

#[cfg(test)]
mod files;
#[cfg(test)]
mod funding;
#[cfg(test)]
mod home;
#[cfg(test)]
mod localnet;
#[cfg(test)]
mod market;
#[cfg(test)]
mod money;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod services;
#[cfg(test)]
mod version;
#[cfg(test)]
mod workflows;
