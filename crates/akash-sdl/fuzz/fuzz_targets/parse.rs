//! Any text is read or refused, without a panic; what is read keeps its meaning on every way back.
#![no_main]

use akash_sdl::{Manifest, Places, Review, Sdl};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(places) = Places::of(text) {
        places.at(&["services", "web", "expose", "0"]);
    }
    match Sdl::review(text) {
        Err(error) => assert!(error.problems().all(|problem| problem.at.is_some()), "a problem has a place: {error}"),
        Ok(review) => kept(&review),
    }
});

fn kept(Review { sdl, groups, manifest, .. }: &Review) {
    let checked = manifest.check_against(groups);
    assert_eq!(checked, Ok(()), "a manifest asks for what its own groups hold");
    let json = manifest.to_json();
    assert_eq!(Manifest::from_json(json.as_bytes()).as_ref(), Ok(manifest), "the manifest's JSON reads as the manifest");
    assert_eq!(Sdl::parse(&sdl.to_yaml()).as_ref(), Ok(sdl), "the document's YAML reads as the document");
}
