//! What the processor must be able to do.

/// The build uses instructions that this processor does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this processor is too old for this build, which needs x86-64-v2 (of 2009); build vgwd without .cargo/config.toml"
)]
pub struct TooOld;

/// Checks that the processor has the instructions that `.cargo/config.toml` lets the compiler use;
/// without them the daemon would die of an illegal one.
///
/// # Errors
/// It has not.
#[cfg(target_arch = "x86_64")]
pub fn check() -> Result<(), TooOld> {
    // `is_x86_feature_detected` would say what the build assumes. Every x86-64
    // processor has the CPUID instruction and its leaf 1.
    let has_all = has_v2(std::arch::x86_64::__cpuid(1).ecx);
    if has_all || !cfg!(target_feature = "popcnt") { Ok(()) } else { Err(TooOld) }
}

/// Nothing is asked of other processors.
///
/// # Errors
/// None.
#[cfg(not(target_arch = "x86_64"))]
pub fn check() -> Result<(), TooOld> {
    Ok(())
}

/// True if leaf 1 of CPUID reports what x86-64-v2 consists of (System V ABI for AMD64, section
/// 3.1.1): SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2 and POPCNT.
#[cfg(target_arch = "x86_64")]
fn has_v2(leaf_1_ecx: u32) -> bool {
    const V2: u32 = 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23;
    leaf_1_ecx & V2 == V2
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn a_processor_without_popcnt_is_too_old() {
        // As Penryn (2008) and Nehalem (2009) report, by Intel's manuals.
        assert!(!has_v2(0x0008_e3fd));
        assert!(has_v2(0x009c_e3bd));
        assert_eq!(check(), Ok(()));
    }
}
