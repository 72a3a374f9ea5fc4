# Matching networks: labels weighted by attention over a support set
# Vinyals, Blundell, Lillicrap, Kavukcuoglu and Wierstra (2016), Matching networks for one shot learning
S: 4 x 6 input
Y_S: 3 x 6 target
X: 4 x m
Y: 3 x m
W: 5 x 4
G = W @ S
F = W @ X
C = (G / norm(G, axis=0)).T @ (F / norm(F, axis=0))
P = Y_S @ softmax(C)
loss = -sum(Y * log(P)) / m
