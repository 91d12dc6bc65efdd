//! Where key material and encryption noise come from. Does not touch the simulator's randomness.

use cloakwork_abi::spec::Keyset;
use tfhe::core_crypto::commons::generators::DeterministicSeeder;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude::{DefaultRandomGenerator, Seeder, new_seeder};
use zeroize::Zeroize;

/// Source of randomness for keys and encryptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Randomness {
    /// Seeds from the processor or the operating system.
    #[default]
    Secure,
    /// Everything follows from this number: for tests that need the same bytes twice. Whoever knows
    /// the number knows the keys, and keys so made say so in their files.
    InsecureSeed(u128),
}

/// Whether the randomness behind a key could be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// [`Randomness::Secure`]
    Secure,
    /// [`Randomness::InsecureSeed`]
    InsecureSeed,
}

impl Randomness {
    pub(crate) fn seeds(self) -> Seeds {
        match self {
            Self::Secure => Seeds { seeder: new_seeder(), origin: Origin::Secure },
            Self::InsecureSeed(seed) => {
                let seeder = DeterministicSeeder::<DefaultRandomGenerator>::new(Seed(seed));
                Seeds { seeder: Box::new(seeder), origin: Origin::InsecureSeed }
            }
        }
    }
}

/// A stream of seeds; each seed is used for one generator only.
pub(crate) struct Seeds {
    seeder: Box<dyn Seeder>,
    pub(crate) origin: Origin,
}

/// What an evaluation key is made from: a public seed of its masks, and a secret one of its noise.
#[derive(Clone, Copy)]
pub(crate) struct KeySeed {
    pub(crate) masks: Seed,
    pub(crate) noise: Seed,
}

/// The seeds of all evaluation keys, drawn before any of these is made.
pub(crate) struct KeySeeds {
    pub(crate) keyswitch: Vec<KeySeed>,
    pub(crate) bootstrap: Vec<KeySeed>,
}

impl KeySeeds {
    pub(crate) fn draw(keyset: &Keyset, seeds: &mut Seeds) -> Self {
        let mut of = |count: usize| -> Vec<KeySeed> {
            (0..count).map(|_| KeySeed { masks: seeds.next(), noise: seeds.next() }).collect()
        };
        Self { keyswitch: of(keyset.keyswitch_keys.len()), bootstrap: of(keyset.bootstrap_keys.len()) }
    }
}

impl Drop for KeySeeds {
    fn drop(&mut self) {
        // Who knows the noise of a key finds the secret.
        self.keyswitch.iter_mut().chain(&mut self.bootstrap).for_each(|seed| seed.noise.0.zeroize());
    }
}

impl Seeds {
    pub(crate) fn seeder(&mut self) -> &mut dyn Seeder {
        self.seeder.as_mut()
    }

    pub(crate) fn next(&mut self) -> Seed {
        self.seeder.seed()
    }
}
