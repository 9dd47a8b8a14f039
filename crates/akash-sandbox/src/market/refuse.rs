//! The refusals, as a real node words them.

use akash_types::Rejection;

/// A refusal that a module has registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    codespace: &'static str,
    code: u32,
    text: &'static str,
}

impl Refusal {
    /// With a reason before the registered text.
    pub(crate) fn because(self, reason: impl AsRef<str>) -> Rejection {
        Rejection::new(self.codespace, self.code, format!("{}: {}", reason.as_ref(), self.text))
    }

    /// The registered text.
    pub(crate) const fn text(self) -> &'static str {
        self.text
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.codespace, refusal.code, refusal.text)
    }
}

/// An error without a code of its own: Go's `%w` loses it.
pub(crate) fn plain(text: impl Into<String>) -> Rejection {
    Rejection::new("undefined", 1, text)
}

/// A panic of the real node, which its transaction recovers from.
pub(crate) fn panic(text: impl AsRef<str>) -> Rejection {
    Rejection::new("undefined", 111_222, format!("recovered: {}\nstack:\n", text.as_ref()))
}

macro_rules! refusals {
    ($codespace:literal: $($name:ident = $code:literal, $text:literal;)+) => {
        $(pub(crate) const $name: Refusal = Refusal { codespace: $codespace, code: $code, text: $text };)+
    };
}

refusals! { "sdk":
    TX_PARSE = 2, "tx parse error";
    INVALID_SEQUENCE = 3, "invalid sequence";
    UNAUTHORIZED = 4, "unauthorized";
    INSUFFICIENT_FUNDS = 5, "insufficient funds";
    INVALID_ADDRESS = 7, "invalid address";
    INVALID_PUBKEY = 8, "invalid pubkey";
    UNKNOWN_ADDRESS = 9, "unknown address";
    INVALID_COINS = 10, "invalid coins";
    OUT_OF_GAS = 11, "out of gas";
    MEMO_TOO_LARGE = 12, "memo too large";
    INSUFFICIENT_FEE = 13, "insufficient fee";
    NO_SIGNATURES = 15, "no signatures supplied";
    INVALID_REQUEST = 18, "invalid request";
    TX_IN_MEMPOOL = 19, "tx already in mempool";
    TX_TOO_LARGE = 21, "tx too large";
    TIMEOUT_HEIGHT = 30, "tx timeout height";
    WRONG_SEQUENCE = 32, "incorrect account sequence";
    CONFLICT = 36, "conflict";
    NOT_FOUND = 38, "not found";
    TX_TIMEOUT = 42, "tx timeout";
}

refusals! { "bank":
    SEND_DISABLED = 5, "send transactions are disabled";
}

refusals! { "akash":
    INVALID_DEPOSIT_SOURCE = 4, "invalid deposit source";
}

refusals! { "deployment":
    DEPLOYMENT_EXISTS = 3, "Deployment exists";
    DEPLOYMENT_NOT_FOUND = 4, "Deployment not found";
    DEPLOYMENT_CLOSED = 5, "Deployment closed";
    INVALID_GROUPS = 7, "Invalid groups";
    EMPTY_HASH = 9, "Invalid: empty hash";
    INVALID_HASH = 10, "Invalid: deployment hash";
    GROUP_NOT_FOUND = 14, "Group not found";
    GROUP_CLOSED = 15, "Group already closed";
    GROUP_OPEN = 16, "Group open";
    GROUP_PAUSED = 17, "Group paused";
    INVALID_DEPOSIT = 20, "Deposit invalid";
    INVALID_ESCROW_ID = 23, "invalid escrow id";
    INVALID_PRICE = 24, "invalid price";
    INVALID_RECLAMATION = 26, "invalid reclamation configuration";
}

refusals! { "market":
    ATTRIBUTE_MISMATCH = 5, "attribute mismatch";
    UNKNOWN_BID = 6, "unknown bid";
    UNKNOWN_LEASE = 7, "unknown lease";
    UNKNOWN_LEASE_FOR_BID = 8, "unknown lease for bid";
    UNKNOWN_ORDER_FOR_BID = 9, "unknown order for bid";
    LEASE_NOT_ACTIVE = 10, "lease not active";
    BID_NOT_ACTIVE = 11, "bid not active";
    BID_NOT_OPEN = 12, "bid not open";
    ORDER_NOT_OPEN = 13, "bid: order not open";
    ORDER_NOT_FOUND = 15, "invalid order: order not found";
    MARKET_GROUP_NOT_FOUND = 16, "group not found";
    GROUP_NOT_OPEN = 17, "group not open";
    BID_NOT_FOUND = 18, "invalid bid: bid not found";
    BID_ZERO_PRICE = 19, "invalid bid: zero price";
    LEASE_NOT_FOUND = 20, "invalid lease: lease not found";
    BID_EXISTS = 21, "invalid bid: bid exists from provider";
    BID_INVALID_PRICE = 22, "bid price is invalid";
    ORDER_ACTIVE = 23, "order active";
    ORDER_CLOSED = 24, "order closed";
    UNKNOWN_PROVIDER = 30, "unknown provider";
    CAPABILITIES_MISMATCH = 32, "capabilities mismatch";
    INVALID_CLOSE_REASON = 33, "invalid lease closed reason";
    LEASE_NOT_RECLAIMABLE = 35, "lease does not have reclamation configured";
    RECLAMATION_NOT_STARTED = 37, "reclamation not started; call MsgLeaseStartReclaim first";
    RECLAMATION_NOT_ELAPSED = 38, "reclamation window has not elapsed";
    RECLAMATION_OUT_OF_BOUNDS = 39, "reclamation window outside governance bounds";
    RECLAMATION_REQUIRED = 40, "order requires reclamation but bid does not offer it";
    RECLAMATION_TOO_SHORT = 41, "reclamation window shorter than order minimum";
}

refusals! { "escrow":
    ACCOUNT_EXISTS = 1, "account exists";
    ACCOUNT_CLOSED = 2, "account closed";
    ACCOUNT_NOT_FOUND = 3, "account not found";
    ACCOUNT_OVERDRAWN = 4, "account overdrawn";
    INVALID_DENOMINATION = 5, "invalid denomination";
    PAYMENT_EXISTS = 6, "payment exists";
    PAYMENT_CLOSED = 7, "payment closed";
    PAYMENT_NOT_FOUND = 8, "payment not found";
    PAYMENT_RATE_ZERO = 9, "payment rate zero";
    ESCROW_INVALID_DEPOSIT = 16, "invalid deposit";
}

refusals! { "cert":
    CERTIFICATE_NOT_FOUND = 1, "certificate not found";
    CERTIFICATE_EXISTS = 3, "certificate exists";
    CERTIFICATE_ALREADY_REVOKED = 4, "certificate already revoked";
    INVALID_CERTIFICATE = 6, "invalid certificate value";
    INVALID_CERTIFICATE_KEY = 7, "invalid pubkey value";
}

refusals! { "provider":
    NOT_ABSOLUTE_URI = 2, "invalid provider: not absolute host uri";
    PROVIDER_NOT_FOUND = 3, "invalid provider: address not found";
    PROVIDER_EXISTS = 4, "invalid provider: already exists";
    PROVIDER_INTERNAL = 10, "internal error";
}

refusals! { "authz":
    GRANT_NOT_FOUND = 2, "authorization not found";
    GRANT_EXPIRED = 3, "expiration time of authorization should be more than current time";
}

refusals! { "feegrant":
    FEE_LIMIT_EXCEEDED = 2, "fee limit exceeded";
    FEE_ALLOWANCE_EXPIRED = 3, "fee allowance expired";
    FEE_MESSAGE_NOT_ALLOWED = 6, "message not allowed";
}

refusals! { "bme":
    EXCHANGE_UNAUTHORIZED = 3, "unauthorized";
    MINT_HALTED = 6, "circuit breaker is active";
    MINT_HALTED_BY_ORACLE = 5, "oracle is unhealthy";
    EXCHANGE_AMOUNT = 8, "invalid amount";
    EXCHANGE_DENOM = 9, "invalid denomination";
}

refusals! { "oracle.v2":
    PRICE_STALLED = 4, "price stalled";
}

/// The first of 256 characters of Unicode's private area that stand for raw bytes in a log.
const RAW: u32 = 0xF700;

/// Bytes as part of a log. A node puts the bytes of addresses and keys into some logs as they are, whether they are UTF-8 or not;
/// in between they are characters of the private area.
pub(crate) fn raw(bytes: &[u8]) -> String {
    bytes.iter().filter_map(|b| char::from_u32(RAW.saturating_add(u32::from(*b)))).collect()
}

/// A log where it must be UTF-8: every byte that is none becomes U+FFFD, one by one as Go does it.
pub(crate) fn go_text(bytes: &[u8]) -> String {
    let one_by_one = |chunk: std::str::Utf8Chunk<'_>| {
        let mut text = chunk.valid().to_owned();
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        text
    };
    bytes.utf8_chunks().map(one_by_one).collect()
}

/// A log as text, without the characters that stand for bytes here.
pub(crate) fn shown(log: &str) -> String {
    go_text(&wire(log))
}

/// A log as it goes over the wire.
pub(crate) fn wire(log: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(log.len());
    for c in log.chars() {
        match u32::from(c).checked_sub(RAW).and_then(|n| u8::try_from(n).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}
