"""Killed processes, failing system calls, full disks, cuts of power: nothing that was answered is lost."""
