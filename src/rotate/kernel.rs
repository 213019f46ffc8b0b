//! Which instruction set does the work.

/// An instruction set that the kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// Safe code for any processor.
    Portable,
    /// x86-64 with SSSE3.
    Ssse3,
    /// 64-bit ARM with Advanced SIMD.
    Neon,
}

impl Kernel {
    /// The fastest one that this processor has.
    pub(crate) fn best() -> Self {
        let vector = [Self::Ssse3, Self::Neon];
        let vector = vector.into_iter().find(|kernel| kernel.is_available());
        vector.unwrap_or(Self::Portable)
    }

    /// Whether this processor can run it. The standard library asks the processor once.
    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Ssse3 => is_x86_feature_detected!("ssse3"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns)] // where all of them are listed above
            _ => false,
        }
    }

    /// Itself where it can run, else the portable one: what makes it sound to pass any kernel to
    /// a safe function.
    pub(super) fn or_portable(self) -> Self {
        if self.is_available() {
            self
        } else {
            Self::Portable
        }
    }
}
