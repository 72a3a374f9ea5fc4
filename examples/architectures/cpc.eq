# Contrastive predictive coding: InfoNCE with a bilinear score
# van den Oord, Li and Vinyals (2018), Representation learning with contrastive predictive coding
C, X: 4 x m input
W: 5 x 4
B: 5 x 4
Z = tanh(W @ X)
S = Z.T @ B @ C
loss = -trace(log_softmax(S, axis=0)) / m
