//! The networks that a context can stand for, and what each one pins.

use rayakash_core::spec::Wait;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The embedded chain of this machine. No real money.
    Sandbox,
    /// A real node on this machine.
    Localnet,
    /// Akash's public test network.
    Testnet,
    /// Akash itself.
    Mainnet,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sandbox, Self::Localnet, Self::Testnet, Self::Mainnet];

    /// Its name in the config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Localnet => "localnet",
            Self::Testnet => "testnet",
            Self::Mainnet => "mainnet",
        }
    }

    /// The network of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.name() == name)
    }

    /// Its chain id. A node that answers otherwise is refused.
    pub const fn chain_id(self) -> &'static str {
        match self {
            Self::Sandbox => "rayakash-sandbox",
            Self::Localnet => "local",
            Self::Testnet => "sandbox-2",
            Self::Mainnet => "akashnet-2",
        }
    }

    /// Whether it costs real money.
    pub const fn real_money(self) -> bool {
        matches!(self, Self::Mainnet)
    }

    /// gRPC endpoints that are used unless the config names others; none for networks of this machine.
    pub const fn endpoints(self) -> &'static [&'static str] {
        match self {
            Self::Sandbox => &[],
            Self::Localnet => &["http://127.0.0.1:9090"],
            Self::Testnet => &["https://grpc.sandbox-2.aksh.pw:9090"],
            Self::Mainnet => &["https://akash.lavenderfive.com:443", "https://akash-grpc.publicnode.com:443"],
        }
    }

    /// Milliseconds per block before any was measured.
    pub const fn block_ms(self) -> u64 {
        match self {
            Self::Sandbox => 500,
            Self::Localnet => 1_000,
            Self::Testnet | Self::Mainnet => 6_000,
        }
    }

    /// The least time that bids are collected, and how many acceptable ones are enough.
    pub const fn bids(self) -> (Wait, u32) {
        match self {
            Self::Sandbox | Self::Localnet => (Wait::Blocks(2), 1),
            Self::Testnet | Self::Mainnet => (Wait::Millis(12_000), 3),
        }
    }
}
