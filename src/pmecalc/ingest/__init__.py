"""Files and frames -> Fund, Benchmark; says what it understood, finds bad rows and says which."""
