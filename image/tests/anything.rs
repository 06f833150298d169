//! Images made of any bytes: see `support/anything.rs`, which a fuzz target runs too.

#[path = "support/anything.rs"]
mod anything;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_image_gets_out_or_is_left_behind(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        anything::open_anything(&bytes);
    }
}
