"""What runs inside a jail; each file is mounted there alone and imports nothing of Loupe."""
