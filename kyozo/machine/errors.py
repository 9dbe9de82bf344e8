"""What can be wrong with a machine; each error has a stable code and the next step.

MachineError
|- EngineUnreachableError   one is configured, and it does not answer
|- EngineForbiddenError     it answers, but not to this user
|- EngineMissingError       there is none, and it cannot be installed from here
`- EngineStartError         it is installed and does not come up
"""

from services.errors import KyozoError


class MachineError(KyozoError):
    code = "machine.unfit"
    status = 503


class EngineUnreachableError(MachineError):
    code = "engine.unreachable"


class EngineForbiddenError(MachineError):
    code = "engine.forbidden"


class EngineMissingError(MachineError):
    code = "engine.missing"


class EngineStartError(MachineError):
    code = "engine.start_failed"
