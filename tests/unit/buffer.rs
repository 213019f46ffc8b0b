use super::Buffer;

#[test]
fn a_thread_gets_its_memory_back() {
    for huge_pages in [false, true] {
        let address = {
            let mut buffer = Buffer::take();
            buffer.reserve(3_000_000, huge_pages).unwrap().fill(1);
            buffer.reserve(3_000_000, huge_pages).unwrap().as_ptr()
        };
        let mut again = Buffer::take();
        let bytes = again.reserve(2_000_000, huge_pages).unwrap();
        assert_eq!(bytes.as_ptr(), address);
        assert_eq!(bytes.len(), 2_000_000);
        // One that is in use is not given to anybody else.
        let mut other = Buffer::take();
        assert_ne!(other.reserve(10, huge_pages).unwrap().as_ptr(), address);
    }
}
