# SPDX-License-Identifier: Apache-2.0
# Writes to OUT the C++ test that BINARY emits for the replay line LINE.
execute_process(COMMAND ${BINARY} properties --replay ${LINE} --emit cpp
                OUTPUT_FILE ${OUT} COMMAND_ERROR_IS_FATAL ANY)
