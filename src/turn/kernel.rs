//! Which instruction set does the work.

use std::sync::OnceLock;

/// An instruction set that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Safe code for any processor.
    Portable,
    /// x86-64 with SSSE3.
    Ssse3,
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX-512 F, BW, VL and VBMI, and GFNI: Ice Lake, Zen 4 and later.
    Avx512,
    /// 64-bit ARM with Advanced SIMD.
    Neon,
}

impl Kernel {
    /// From slow to fast, on any one machine.
    const ALL: [Self; 5] = [
        Self::Portable,
        Self::Ssse3,
        Self::Avx2,
        Self::Avx512,
        Self::Neon,
    ];

    /// The fastest one that this processor has.
    ///
    /// The environment variable `ROT90_KERNEL`, read once, names another one;
    /// a name that is unknown, or unavailable here, changes nothing.
    pub fn best() -> Self {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| {
            std::env::var("ROT90_KERNEL")
                .ok()
                .and_then(|name| Self::from_name(&name))
                .filter(|kernel| kernel.is_available())
                .or_else(|| Self::available().pop())
                .unwrap_or(Self::Portable)
        })
    }

    /// All that this processor can run, the fastest last.
    pub fn available() -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|kernel| kernel.is_available())
            .collect()
    }

    /// Whether this processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Ssse3 => is_x86_feature_detected!("ssse3"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("gfni")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The name that `ROT90_KERNEL` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Ssse3 => "ssse3",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }

    /// The kernel of that name, whether or not this processor has it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.name() == name)
    }

    /// Itself where it can run, else the portable one: what makes it sound to
    /// pass any kernel to a safe function. Detection is cached, so this costs
    /// a few loads.
    pub(crate) fn or_portable(self) -> Self {
        if self.is_available() {
            self
        } else {
            Self::Portable
        }
    }
}
