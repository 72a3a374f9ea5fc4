# A Hamiltonian network: the field is the turned gradient of a learned energy
# Greydanus, Dzamba and Yosinski (2019), Hamiltonian neural networks
q, p: 2 x m input
Q_dot, P_dot: 2 x m target
W, U: 5 x 2
b: 5 x 1
V: 5 x 5
w: 1 x 5
H = w @ tanh(V @ tanh(W @ q + U @ p + b))
E = sum(H)
loss = mean((grad(E, p) - Q_dot)**2) + mean((grad(E, q) + P_dot)**2)
