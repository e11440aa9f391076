//! The names of a configuration's fields: which differ, which are sent, which are ignored. Part of `model`.

/// A field of [`Configuration`](crate::function::model::Configuration); what an UpdateFunctionConfiguration request carries is a set of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Field {
    Runtime,
    Role,
    Handler,
    Description,
    Timeout,
    MemorySize,
    EphemeralStorage,
    Environment,
    KmsKeyArn,
    Vpc,
    DeadLetter,
    Tracing,
    Layers,
    FileSystems,
    ImageConfig,
    SnapStart,
    Logging,
    Instances,
    Durable,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 19] = [
        Self::Runtime,
        Self::Role,
        Self::Handler,
        Self::Description,
        Self::Timeout,
        Self::MemorySize,
        Self::EphemeralStorage,
        Self::Environment,
        Self::KmsKeyArn,
        Self::Vpc,
        Self::DeadLetter,
        Self::Tracing,
        Self::Layers,
        Self::FileSystems,
        Self::ImageConfig,
        Self::SnapStart,
        Self::Logging,
        Self::Instances,
        Self::Durable,
    ];

    /// The field of this name in the spec.
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.path() == path)
    }

    /// The field's name in the spec, as messages and `ignoreDrift` use it.
    pub fn path(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Role => "role",
            Self::Handler => "handler",
            Self::Description => "description",
            Self::Timeout => "timeout",
            Self::MemorySize => "memorySize",
            Self::EphemeralStorage => "ephemeralStorage",
            Self::Environment => "env",
            Self::KmsKeyArn => "kmsKeyArn",
            Self::Vpc => "vpcConfig",
            Self::DeadLetter => "deadLetterConfig",
            Self::Tracing => "tracingConfig",
            Self::Layers => "layers",
            Self::FileSystems => "fileSystemConfigs",
            Self::ImageConfig => "imageConfig",
            Self::SnapStart => "snapStart",
            Self::Logging => "loggingConfig",
            Self::Instances => "capacityProviderConfig",
            Self::Durable => "durable",
        }
    }
}
