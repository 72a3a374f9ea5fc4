# Mixed examples with mixed targets
# Zhang, Cisse, Dauphin and Lopez-Paz (2018), mixup
X, Z: 4 x m input
r: 1 x m input
Y, Y_Z: 3 x m
W: 5 x 4
V: 3 x 5
M = r * X + (1 - r) * Z
T = r * Y + (1 - r) * Y_Z
loss = -sum(T * log_softmax(V @ relu(W @ M))) / m
