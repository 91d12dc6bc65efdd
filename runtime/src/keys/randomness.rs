//! Where key material and encryption noise come from. Does not touch the simulator's randomness.

use tfhe::core_crypto::commons::generators::DeterministicSeeder;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude::{DefaultRandomGenerator, Seeder, new_seeder};

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

impl Seeds {
    pub(crate) fn seeder(&mut self) -> &mut dyn Seeder {
        self.seeder.as_mut()
    }

    pub(crate) fn next(&mut self) -> Seed {
        self.seeder.seed()
    }
}
