use super::*;
use crate::key::tests::local;
use crate::{Mnemonic, address_of};

const NOW: u64 = 1_795_547_241;

/// Tokens of Akash's Go library, and the mnemonic of the key that signed them.
const VECTORS: &str = include_str!("../../../../tests/fixtures/jwt/tokens.json");

fn claims() -> Claims {
    Claims {
        provider: local(2).address().clone(),
        dseq: Dseq::new(1_795_547_241_570).unwrap(),
        scopes: vec![Scope::SendManifest, Scope::Status],
        services: vec!["ray-head".into()],
        issued_at: NOW,
        lifetime: 900,
    }
}

fn text(token: &Token) -> String {
    token.header_value().strip_prefix("Bearer ").unwrap().to_owned()
}

fn of_tenant(owner: &Address) -> Option<[u8; 33]> {
    (owner == local(1).address()).then(|| local(1).public_key())
}

/// A token of the tenant over any claims.
fn forged(payload: &str, header: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(local(1).sign_bytes(signed.as_bytes())))
}

fn check(leases: &str) -> Result<Verified, TokenError> {
    let iss = local(1).address().clone();
    let payload =
        format!(r#"{{"iss":"{iss}","exp":{NOW}1,"nbf":{NOW},"iat":{NOW},"version":"v1","leases":{leases}}}"#);
    verify(&forged(&payload, r#"{"alg":"ES256K","typ":"JWT"}"#), NOW, of_tenant)
}

#[test]
fn tokens_are_those_of_akash() {
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let mnemonic = Mnemonic::parse(vectors["mnemonic"].as_str().unwrap()).unwrap();
    let key = Key::derive(&mnemonic, 0).unwrap();
    assert_eq!(key.address().as_str(), "akash1qufa3xzrf34qvwyejkhvnc4psf49fftaw0asmh");
    for token in vectors["es256k"].as_array().unwrap() {
        let token = token.as_str().unwrap();
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let payload: wire::Payload = serde_json::from_slice(&payload).unwrap();
        assert_eq!(text(&key.encode(&payload)), token);
    }
    let lookup = |_: &Address| Some(key.public_key());
    let full = vectors["es256k"][2].as_str().unwrap();
    assert_eq!(verify(full, 1_746_666_103, lookup).unwrap().issuer, *key.address());
    assert_eq!(verify(full, 1_746_666_102, lookup).unwrap_err(), TokenError::InvalidClaims);
    let browser = vectors["adr36"].as_str().unwrap();
    let verified = verify(browser, 1_760_404_940, lookup).unwrap();
    let anywhere = local(2).address().clone();
    assert!(verified.allows(&anywhere, Dseq::new(1).unwrap(), (1, 1), Scope::Logs));
    assert!(!verified.allows(&anywhere, Dseq::new(1).unwrap(), (1, 1), Scope::SendManifest));
    assert_eq!(verify(browser, 1_760_406_740, lookup).unwrap_err(), TokenError::InvalidClaims);
    for refused in vectors["invalid"].as_array().unwrap() {
        assert_eq!(verify(refused.as_str().unwrap(), NOW, lookup).unwrap_err(), TokenError::Invalid);
    }
}

#[test]
fn a_token_opens_what_it_says_and_nothing_else() {
    let token = local(1).token(&claims());
    let verified = verify(&text(&token), NOW, of_tenant).unwrap();
    assert_eq!(issuer(&text(&token)), Ok(verified.issuer.clone()));
    assert_eq!(&verified.issuer, local(1).address());
    let (here, there) = (local(2).address().clone(), local(3).address().clone());
    let (ours, other) = (claims().dseq, Dseq::new(5).unwrap());
    assert!(verified.allows(&here, ours, (1, 1), Scope::Status));
    assert!(verified.allows(&here, ours, (0, 0), Scope::SendManifest));
    assert!(!verified.allows(&here, ours, (1, 1), Scope::Shell));
    assert!(!verified.allows(&there, ours, (1, 1), Scope::Status));
    assert!(!verified.allows(&here, other, (1, 1), Scope::Status));
}

#[test]
fn a_token_lives_from_half_a_minute_ago_for_a_quarter_of_an_hour_at_most() {
    let greedy = Claims { lifetime: 1_000_000, ..claims() };
    let token = text(&local(1).token(&greedy));
    for (now, valid) in [(NOW - 31, false), (NOW - 30, true), (NOW + 899, true), (NOW + 900, false)] {
        assert_eq!(verify(&token, now, of_tenant).is_ok(), valid, "{now}");
    }
}

#[test]
fn the_claims_stand_in_the_order_of_akash() {
    let token = text(&local(1).token(&claims()));
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(
        String::from_utf8(payload).unwrap(),
        concat!(
            r#"{"iss":"akash1vtad8680vhdfqvxx0f2yaxa6agdylelm443h3v","exp":1795548141,"nbf":1795547211,"#,
            r#""iat":1795547211,"version":"v1","leases":{"access":"granular","permissions":[{"provider":"#,
            r#""akash1pdsv0s32065drerxxdyltpk5tq0h8d2vtzs685","access":"granular","deployments":[{"scope":"#,
            r#"["send-manifest","status"],"dseq":1795547241570,"services":["ray-head"]}]}]}}"#
        )
    );
}

#[test]
fn forgeries_are_invalid() {
    let good = text(&local(1).token(&claims()));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let other = text(&local(2).token(&claims()));
    let foreign = format!("{signed}.{}", other.rsplit_once('.').unwrap().1);
    let iss = local(1).address().clone();
    let payload = format!(
        r#"{{"iss":"{iss}","exp":{NOW}1,"nbf":1,"iat":1,"version":"v1","leases":{{"access":"full"}}}}"#
    );
    let none = forged(&payload, r#"{"alg":"none"}"#);
    let p256 = forged(&payload, r#"{"alg":"ES256","typ":"JWT"}"#);
    let nobody = forged(&payload.replace("iss", "issuer"), r#"{"alg":"ES256K","typ":"JWT"}"#);
    for bad in [
        "",
        "abc.def.ghi",
        signed,
        &format!("{signed}."),
        &format!("{good}A"),
        &foreign,
        &none,
        &p256,
        &nobody,
    ] {
        assert_eq!(verify(bad, NOW, of_tenant).unwrap_err(), TokenError::Invalid, "{bad}");
    }
    assert_eq!(verify(&other, NOW, of_tenant).unwrap_err(), TokenError::Invalid);
    assert_eq!(issuer("abc.def.ghi"), Err(TokenError::Invalid));
}

/// The answers of a real provider (akash provider 0.16), for the same claims.
#[test]
fn claims_are_judged_as_a_provider_does() {
    let provider = local(2).address().clone();
    let deployment = |inner: &str| {
        format!(
            r#"{{"access":"granular","permissions":[{{"provider":"{provider}","access":"granular","deployments":[{inner}]}}]}}"#
        )
    };
    let good = [
        r#"{"access":"full"}"#.to_owned(),
        r#"{"access":"scoped","scope":["status"]}"#.to_owned(),
        format!(
            r#"{{"access":"granular","permissions":[{{"provider":"{provider}","access":"scoped","scope":["logs"]}}]}}"#
        ),
        deployment(r#"{"scope":["status"],"dseq":1,"services":["web"]}"#),
        deployment(r#"{"scope":["status"],"dseq":1,"gseq":1,"oseq":1,"services":["web"]}"#),
    ];
    for leases in good {
        assert!(check(&leases).is_ok(), "{leases}");
    }
    let bad = [
        "{}".to_owned(),
        r#"{"access":"none"}"#.to_owned(),
        r#"{"access":"full","scope":["status"]}"#.to_owned(),
        r#"{"access":"scoped","scope":[]}"#.to_owned(),
        r#"{"access":"scoped","scope":["status","status"]}"#.to_owned(),
        r#"{"access":"scoped","scope":["everything"]}"#.to_owned(),
        r#"{"access":"granular"}"#.to_owned(),
        deployment(r#"{"scope":["status"],"dseq":1}"#),
        deployment(r#"{"scope":["status"],"dseq":0,"services":["web"]}"#),
        deployment(r#"{"scope":["status"],"dseq":1,"oseq":1,"services":["web"]}"#),
    ];
    for leases in bad {
        assert_eq!(check(&leases).unwrap_err(), TokenError::InvalidClaims, "{leases}");
    }
}

#[test]
fn dates_may_be_strings_and_none_may_be_missing() {
    let iss = local(1).address().clone();
    let payload = |dates: &str| {
        forged(
            &format!(r#"{{"iss":"{iss}",{dates}"aud":"x","version":"v1","leases":{{"access":"full"}}}}"#),
            r#"{"alg":"ES256K","typ":"JWT"}"#,
        )
    };
    let later = NOW + 10;
    for good in
        [format!(r#""exp":"{later}","nbf":1,"iat":1,"#), format!(r#""exp":{later}.5,"nbf":1,"iat":{later},"#)]
    {
        assert!(verify(&payload(&good), NOW, of_tenant).is_ok(), "{good}");
    }
    for bad in [
        format!(r#""nbf":1,"iat":1,"exp":{NOW},"#),
        format!(r#""nbf":{later},"iat":1,"exp":{later},"#),
        r#""nbf":1,"iat":1,"#.to_owned(),
        format!(r#""exp":{later},"iat":1,"#),
        format!(r#""exp":{later},"nbf":1,"#),
    ] {
        assert_eq!(verify(&payload(&bad), NOW, of_tenant).unwrap_err(), TokenError::InvalidClaims, "{bad}");
    }
}

#[test]
fn debug_shows_nothing_and_addresses_follow_from_keys() {
    assert_eq!(format!("{:?}", local(1).token(&claims())), "***");
    assert_eq!(&address_of(&local(1).public_key()).unwrap(), local(1).address());
}
