"""The star: what it holds, where it comes from, how it is loaded and checked."""
