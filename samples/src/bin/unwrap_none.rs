//! Fails: `Option::unwrap` on `None`, for a key that a table does not have.

use std::collections::HashMap;

struct Tariffs {
    by_country: HashMap<&'static str, u32>,
    fallback: Option<u32>,
}

impl Tariffs {
    fn cents_for(&self, country: &str) -> u32 {
        let known = self.by_country.get(country).copied();
        let tariff = known.or(self.fallback);
        tariff.unwrap() // <- fails
    }
}

fn postage(tariffs: &Tariffs, country: &str, parcels: u32) -> u32 {
    let each = tariffs.cents_for(country); // <- asks
    each * parcels
}

fn main() {
    let tariffs = Tariffs {
        by_country: HashMap::from([("AT", 590), ("FI", 1_290)]),
        fallback: None,
    };
    for (country, parcels) in [("AT", 2), ("FI", 1), ("NZ", 3)] {
        println!("{country}: {} cents", postage(&tariffs, country, parcels));
    }
}
