//! Minting tokens: a recorded one again, header and claims as they stand, times moved to now, signed by its issuer; and one that opens
//! everything of its issuer.

use std::error::Error;
use std::time::Duration;

use akash_wallet::token::adr36;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cosmrs::crypto::secp256k1::SigningKey;
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::sign::Keys;

type Failed = Box<dyn Error>;

/// The claims that are times.
const TIMES: [&str; 3] = ["exp", "nbf", "iat"];

/// How long a token that opens everything lives: no provider takes a longer one.
pub(crate) const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Clocks differ.
const BACKDATED: u64 = 30;

/// The value of the `Authorization` header with a token that opens everything of an account.
pub(crate) fn everything(keys: &Keys, issuer: &str, now: u64) -> Result<String, Failed> {
    let since = now.saturating_sub(BACKDATED);
    let claims = json!({
        "iss": issuer, "exp": since + LIFETIME.as_secs(), "nbf": since, "iat": since, "version": "v1",
        "leases": { "access": "full" },
    });
    let key = keys.other_than(issuer, false)?;
    let signed = encoded(r#"{"alg":"ES256K","typ":"JWT"}"#, &claims.to_string());
    Ok(format!("Bearer {signed}.{}", signature(key, &signed)?))
}

/// The value of the `Authorization` header for an exchange that was recorded `shift` seconds ago; `None` when it has no token.
///
/// A recording shows a token without its signature. Where everything that it does show is right and the gateway said that the token is
/// not, the signature was wrong.
pub(crate) fn authorization(keys: &Keys, exchange: &Exchange, shift: u64) -> Result<Option<String>, Failed> {
    let Some(token) = &exchange.token else { return Ok(None) };
    let claims = shifted(&token.claims, shift)?;
    let issuer = exchange.claim("iss").and_then(|iss| Some(iss.as_str()?.to_owned())).unwrap_or_default();
    let wrong = exchange.text().contains("JWT is invalid");
    let key = keys.other_than(&issuer, wrong)?;
    let signed = encoded(&token.header, &claims);
    let message = if token.header.contains("ADR36") { adr36(&signed, &issuer) } else { signed.clone() };
    let scheme = exchange.header("Authorization").unwrap_or_default().trim_end();
    Ok(Some(format!("{scheme} {signed}.{}", signature(key, &message)?)))
}

fn encoded(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

fn signature(key: &SigningKey, message: &str) -> Result<String, Failed> {
    let signature = key.sign(message.as_bytes()).map_err(|e| e.to_string())?;
    Ok(URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// Claims with their times moved, numbers and texts that hold one.
fn shifted(claims: &str, shift: u64) -> Result<String, Failed> {
    let mut claims: Value = serde_json::from_str(claims)?;
    for (name, value) in claims.as_object_mut().into_iter().flatten() {
        if !TIMES.contains(&name.as_str()) {
            continue;
        }
        let moved = value.as_u64().map(|at| Value::from(at.saturating_add(shift)));
        let text = || {
            value
                .as_str()
                .and_then(|t| t.parse::<u64>().ok())
                .map(|at| (at.saturating_add(shift)).to_string().into())
        };
        if let Some(moved) = moved.or_else(text) {
            *value = moved;
        }
    }
    Ok(claims.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_times_move_whether_numbers_or_texts() {
        let claims = r#"{"exp":"100","iat":5,"nbf":null,"n":7,"leases":{"access":"full"}}"#;
        let moved: Value = serde_json::from_str(&shifted(claims, 10).unwrap()).unwrap();
        let wanted = serde_json::json!({ "exp": "110", "iat": 15, "nbf": null, "n": 7, "leases": { "access": "full" } });
        assert_eq!(moved, wanted);
    }
}
