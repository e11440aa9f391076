-- The health of lambda-operator's objects from their conditions, the same for every kind.
local conditions = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    conditions[condition.type] = condition
  end
end

-- What a condition says of an older generation says nothing of this one.
local function is(type)
  local condition = conditions[type]
  return condition ~= nil and condition.status == "True" and condition.observedGeneration == obj.metadata.generation
end

local function health(status, condition)
  return { status = status, message = condition.message }
end

if is("Suspended") then
  return health("Suspended", conditions["Suspended"])
end
local ready = conditions["Ready"]
if ready == nil or ready.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Waiting for lambda-operator to look at this generation" }
end
if is("Ready") then
  return health("Healthy", ready)
end
if is("Stalled") then
  return health("Degraded", ready)
end
return health("Progressing", ready)
