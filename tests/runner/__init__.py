"""bin/test once there is a virtual environment: prepare the machine, run the stages, clean up."""
