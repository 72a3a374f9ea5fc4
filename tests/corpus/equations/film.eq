# Feature-wise scale and shift computed from a condition (FiLM)
# m = 5
X: 3 x m
Cond: 2 x m input
Y: 2 x m
W: 4 x 3
G, S: 4 x 2
g, s: 4 x 1
V: 2 x 4
H = tanh(W @ X)
gamma = G @ Cond + g
beta = S @ Cond + s
F = gamma * H + beta
Out = V @ relu(F)
loss = mse(Out, Y)
