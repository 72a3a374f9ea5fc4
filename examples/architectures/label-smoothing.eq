# Targets that are not quite one-hot
# Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the inception architecture
X: 4 x m
Y: 3 x m
W: 5 x 4
V: 3 x 5
Q = 0.9 * Y + 0.1 / 3
loss = -sum(Q * log_softmax(V @ relu(W @ X))) / m
